import { EventEmitter } from 'node:events';

type Listener = (...args: never[]) => void;

/** What JavaScript itself, promises and printing ask of any object. */
const asked = new Set(['then', 'toJSON', 'constructor', 'inspect', 'nodeType', 'asymmetricMatch']);

function unknown(what: string): Error {
  return new Error(
    `The Electron stand-in does not know ${what}. If the app needs it, add it to test/support/electron-stand-in.`,
  );
}

/**
 * The same object, but reading or setting a member that it does not have throws: a test must never pass because the
 * app called something that the stand-in silently left out.
 */
export function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(object, property, receiver): unknown {
      if (typeof property === 'string' && !(property in object) && !asked.has(property)) {
        throw unknown(`${name}.${property}`);
      }
      return Reflect.get(object, property, receiver);
    },
    set(object, property, value, receiver): boolean {
      if (typeof property === 'string' && !(property in object) && !property.startsWith('_')) {
        throw unknown(`${name}.${property}, which was to be set`);
      }
      return Reflect.set(object, property, value, receiver);
    },
  });
}

/**
 * A strict class: neither it nor its instances have members that are not written down. `created` is given every
 * instance once it is made.
 */
export function strictClass<A extends unknown[], T extends object, C extends new (...args: A) => T>(
  name: string,
  plain: C & (new (...args: A) => T),
  created: (instance: T) => void = () => undefined,
): C {
  return new Proxy(strict<C>(name, plain), {
    construct(_strictTarget, args: A): T {
      const instance = strict<T>(name, new plain(...args));
      created(instance);
      return instance;
    },
  });
}

/** An EventEmitter that refuses listeners for events which nothing would ever emit. */
export class KnownEmitter extends EventEmitter {
  private readonly ownName: string;
  private readonly knownEvents: ReadonlySet<string>;

  constructor(name: string, events: readonly string[]) {
    super();
    this.ownName = name;
    this.knownEvents = new Set(events);
  }

  override on(event: string, listener: Listener): this {
    this.check(event);
    return super.on(event, listener as (...args: unknown[]) => void);
  }

  override addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  override once(event: string, listener: Listener): this {
    this.check(event);
    return super.once(event, listener as (...args: unknown[]) => void);
  }

  private check(event: string): void {
    if (!this.knownEvents.has(event)) throw unknown(`the event "${event}" of ${this.ownName}`);
  }
}

/** An event object that a listener may refuse by `preventDefault()`. */
export interface Preventable {
  defaultPrevented: boolean;
  preventDefault(): void;
}

export function preventable<T extends object>(details: T): T & Preventable {
  return {
    ...details,
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}
