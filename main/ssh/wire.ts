/** The fields of the SSH wire format (RFC 4251): each string is its length in 4 bytes, then its bytes. */
export class WireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws RangeError beyond the end */
  number(): number {
    const value = this.#bytes.readUInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  /** @throws RangeError beyond the end */
  string(): Buffer {
    const length = this.number();
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('The text ends in the middle of a field');
    const value = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return value;
  }

  skip(bytes: number): void {
    this.#offset += bytes;
  }
}

/** The type that a public key in wire format names, for example `ssh-ed25519`. */
export function keyTypeOf(key: Buffer): string {
  return new WireReader(key).string().toString('latin1');
}
