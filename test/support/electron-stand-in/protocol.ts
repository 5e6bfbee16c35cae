import { strict } from './strict.ts';

type Handler = (request: Request) => Response | Promise<Response>;

interface CustomScheme {
  readonly scheme: string;
  readonly privileges?: Readonly<Record<string, boolean>>;
}

const privileged = new Map<string, CustomScheme>();
const handlers = new Map<string, Handler>();
let ready = false;

/** Of the stand-in: after `ready` no scheme may be registered as privileged any more. */
export function closeRegistration(): void {
  ready = true;
}

/** Of the stand-in: the answer of the app to a request for one of its own addresses; null when it handles none such. */
export async function answerRequest(request: Request): Promise<Response | null> {
  const handler = handlers.get(new URL(request.url).protocol.slice(0, -1));
  return handler ? handler(request) : null;
}

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(schemes: readonly CustomScheme[]): void {
    if (ready) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const scheme of schemes) privileged.set(scheme.scheme, scheme);
  },
  handle(scheme: string, handler: Handler): void {
    if (!ready) throw new Error('protocol.handle can only be used after app is ready');
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`);
    if (!privileged.get(scheme)?.privileges?.standard) {
      // Without it Electron gives its pages no origin, and here they would have one: a difference not to be hidden.
      throw new Error(
        `The Electron stand-in serves standard schemes only, and ${scheme} is not registered as one.`,
      );
    }
    handlers.set(scheme, handler);
  },
  unhandle(scheme: string): void {
    handlers.delete(scheme);
  },
  isProtocolHandled(scheme: string): boolean {
    return handlers.has(scheme);
  },
});
