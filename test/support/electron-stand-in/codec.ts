/** Values as text, the way that Electron's structured clone carries them between processes. */
export interface Codec {
  /** Throws "An object could not be cloned." for functions, symbols, promises and other things with no copy. */
  pack(value: unknown): string;
  unpack(text: string): unknown;
}

/**
 * Makes a codec. This function's text is also run inside the page, so it uses nothing but what a page and Node share.
 * Plain values stand for themselves; everything else is an array `[kind, …]`.
 */
export function makeCodec(): Codec {
  const cannot = () => new Error('An object could not be cloned.');
  const bytesOf = (view: ArrayBufferView) =>
    new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
  const toText = (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const toBytes = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  const encode = (value: unknown, above: readonly unknown[]): unknown => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (value === undefined) return ['undefined'];
    if (typeof value === 'number') return Number.isFinite(value) ? value : ['number', String(value)];
    if (typeof value === 'bigint') return ['bigint', String(value)];
    if (typeof value !== 'object' || above.includes(value)) throw cannot();
    const inside = [...above, value];
    const list = (values: Iterable<unknown>) => Array.from(values, (each) => encode(each, inside));
    if (Array.isArray(value)) return ['array', list(value)];
    if (value instanceof Date) return ['date', value.getTime()];
    if (value instanceof Map) return ['map', list(value)];
    if (value instanceof Set) return ['set', list(value)];
    if (value instanceof RegExp) return ['regexp', value.source, value.flags];
    // Of an error only the name and the message survive.
    if (value instanceof Error) return ['error', value.name, value.message];
    if (value instanceof ArrayBuffer) return ['buffer', toText(new Uint8Array(value))];
    // Buffers of Node arrive as plain bytes, whatever view they were.
    if (ArrayBuffer.isView(value)) return ['bytes', toText(bytesOf(value))];
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw cannot();
    return ['object', Object.entries(value).map(([key, each]) => [key, encode(each, inside)])];
  };

  const decode = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value;
    const [kind, first, second] = value as [string, never, never];
    const list = () => (first as unknown[]).map(decode);
    switch (kind) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(first);
      case 'bigint':
        return BigInt(first);
      case 'array':
        return list();
      case 'date':
        return new Date(first);
      case 'map':
        return new Map(list() as [unknown, unknown][]);
      case 'set':
        return new Set(list());
      case 'regexp':
        return new RegExp(first, second);
      case 'error':
        return Object.assign(new Error(second), { name: first });
      case 'buffer':
        return toBytes(first).buffer;
      case 'bytes':
        return toBytes(first);
      case 'object':
        return Object.fromEntries((first as [string, unknown][]).map(([key, each]) => [key, decode(each)]));
      default:
        throw new Error(`What came over is not of the codec: ${kind}`);
    }
  };

  return {
    pack: (value) => JSON.stringify(encode(value, [])),
    unpack: (text) => decode(JSON.parse(text)),
  };
}
