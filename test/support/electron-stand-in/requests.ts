import type { Request as PageRequest, Route } from 'playwright-core';
import { toAppAddress, toPageAddress } from './addresses.ts';
import { answerRequest } from './protocol.ts';
import { record } from './recorded.ts';
import { askBeforeRequest, askHeadersReceived, type RequestDetails } from './session.ts';

let lastId = 0;

/**
 * Answers a request of a page as Electron would: first the app's webRequest is asked, then the handler of the scheme.
 * What is of no scheme of the app's never leaves the machine: it is refused and recorded.
 */
export async function serve(route: Route, webContentsId: number): Promise<void> {
  const request = route.request();
  const url = toAppAddress(request.url());
  const details = detailsOf(request, url, webContentsId);
  const before = await askBeforeRequest(details);
  if (before.cancel) {
    record('request-refused', { url, by: 'onBeforeRequest' });
    await route.abort('blockedbyclient');
    return;
  }
  if (before.redirectURL) {
    await route.fulfill({ status: 307, headers: { location: toPageAddress(before.redirectURL) } });
    return;
  }
  const response = url === request.url() ? null : await answerRequest(requestFor(request, url));
  if (!response) {
    record('request-refused', { url, by: 'the stand-in: no handler for this scheme' });
    await route.abort('accessdenied');
    return;
  }
  const after = await askHeadersReceived(details, response.status, Object.fromEntries(response.headers));
  if (after.cancel) {
    await route.abort('blockedbyclient');
    return;
  }
  const body = Buffer.from(await response.arrayBuffer());
  await route.fulfill({ status: response.status, headers: after.headers, body });
}

export function detailsOf(
  request: Pick<PageRequest, 'method' | 'resourceType'>,
  url: string,
  webContentsId: number,
): RequestDetails {
  lastId += 1;
  const kinds: Readonly<Record<string, string>> = { document: 'mainFrame', fetch: 'xhr' };
  const kind = request.resourceType();
  return {
    id: lastId,
    url,
    method: request.method(),
    resourceType: kinds[kind] ?? kind,
    webContentsId,
    referrer: '',
    timestamp: 0,
  };
}

function requestFor(request: PageRequest, url: string): Request {
  const body = request.postDataBuffer();
  return new Request(url, {
    method: request.method(),
    headers: request.headers(),
    ...(body && { body: new Uint8Array(body) }),
  });
}
