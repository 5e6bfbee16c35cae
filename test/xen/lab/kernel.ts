import { spawn } from 'node:child_process';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { LabError } from './lab-error.ts';

const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const SIGNATURE_MARK = Buffer.from('~Module signature appended~\n', 'latin1');
/** struct module_signature: 8 bytes of which the last 4 of 12 are the signature's length, big-endian. */
const SIGNATURE_HEADER = 12;

/**
 * The compressed kernel inside a bzImage, as the boot protocol tells it: setup_sects at 0x1f1, payload_offset at 0x248
 * and payload_length at 0x24c, both counted from the protected-mode part.
 */
export function kernelPayload(image: Buffer): Buffer {
  if (image.length < 0x250 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw new LabError('This is no Linux kernel image (no HdrS at 0x202).');
  }
  const start = ((image[0x1f1] || 4) + 1) * 512 + image.readUInt32LE(0x248);
  return image.subarray(start, start + image.readUInt32LE(0x24c));
}

/**
 * Unpacks vmlinuz to an ELF vmlinux. Xen and xl can read both, but unpacking xz under emulation costs many seconds at
 * each start.
 */
export async function unpackKernel(vmlinuz: string, vmlinux: string): Promise<void> {
  const payload = kernelPayload(await readFile(vmlinuz));
  if (!payload.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC)) {
    throw new LabError(`${vmlinuz} is not compressed with xz: Debian 12's kernel is.`);
  }
  const file = await open(vmlinux, 'w');
  try {
    await new Promise<void>((resolve, reject) => {
      // --single-stream: the kernel's own length follows the stream.
      const child = spawn('xz', ['-dc', '--single-stream'], { stdio: ['pipe', file.fd, 'ignore'] });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(payload);
      child.on('error', reject);
      child.on('close', () => resolve());
    });
  } finally {
    await file.close();
  }
  const result = await open(vmlinux, 'r');
  const { buffer } = await result.read(Buffer.alloc(4), 0, 4, 0);
  await result.close();
  if (!buffer.equals(ELF_MAGIC)) throw new LabError(`${vmlinuz} could not be unpacked by xz.`);
}

/** A module without its appended signature. */
export function withoutSignature(module: Buffer): Buffer {
  if (!module.subarray(-SIGNATURE_MARK.length).equals(SIGNATURE_MARK)) return module;
  const header = module.length - SIGNATURE_MARK.length - SIGNATURE_HEADER;
  const length = module.readUInt32BE(header + SIGNATURE_HEADER - 4);
  return module.subarray(0, header - length);
}

/**
 * Cuts the signature off a module file. Debian does not enforce signatures, and checking one costs up to half a second
 * under emulation.
 */
export async function cutSignature(file: string): Promise<void> {
  const before = await readFile(file);
  const after = withoutSignature(before);
  if (after.length === before.length) return;
  await writeFile(`${file}.unsigned`, after);
  await rename(`${file}.unsigned`, file);
}
