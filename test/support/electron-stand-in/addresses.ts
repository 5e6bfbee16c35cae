/**
 * Chromium cannot be taught an unknown scheme from outside, so `vbdesk://app/x` is opened as
 * `http://vbdesk.app.localhost/x` and every request is answered by the stand-in. `*.localhost` counts as a secure
 * context, like a scheme registered as `secure`.
 */
export function toPageAddress(url: string): string {
  const { protocol, host, pathname, search, hash } = new URL(url);
  return `http://${protocol.slice(0, -1)}.${host}.localhost${pathname}${search}${hash}`;
}

/** The address as the app knows it; any other address comes back as it is. */
export function toAppAddress(url: string): string {
  if (!URL.canParse(url)) return url;
  const { hostname, pathname, search, hash } = new URL(url);
  const match = /^([a-z][a-z0-9+-]*)\.([a-z0-9-]+)\.localhost$/.exec(hostname);
  return match ? `${match[1]}://${match[2]}${pathname}${search}${hash}` : url;
}
