/** How numbers and times are written in tables and bars. Exact sizes come from core/storage/sizes. */
import { GIBIBYTE, KIBIBYTE, MEBIBYTE, TEBIBYTE } from '../../core/storage/sizes.ts';

const units = [
  { name: 'TiB', bytes: TEBIBYTE },
  { name: 'GiB', bytes: GIBIBYTE },
  { name: 'MiB', bytes: MEBIBYTE },
  { name: 'KiB', bytes: KIBIBYTE },
] as const;

type Unit = { name: string; bytes: number };
const bare: Unit = { name: 'B', bytes: 1 };

/** What would be written as 1024 of a unit is one of the next. */
const unitOf = (bytes: number): Unit =>
  units.find((unit) => bytes >= unit.bytes - (unit.bytes > KIBIBYTE ? unit.bytes / 2048 : 0)) ?? bare;

const inUnit = (bytes: number, unit: Unit): string => {
  const value = bytes / unit.bytes;
  if (unit.bytes === 1 || value === 0) return String(value);
  if (value >= 100) return value.toFixed(0);
  return value >= 10 || unit.name !== 'TiB' ? value.toFixed(1) : value.toFixed(2);
};

/** Three digits or so: `6.1 GiB`, `219 GiB`, `1.38 TiB`, `0 B`. Shortened: never where a size is decided. */
export const shortBytes = (bytes: number): string => {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${unit.name}`;
};

/** A whole number of a unit needs no decimals: `64 MiB`. */
const plain = (text: string, bytes: number, unit: Unit): string =>
  bytes % unit.bytes === 0 ? text.replace(/\.0+$/, '') : text;

/** `219 of 420 GiB`, `40.0 KiB of 64 MiB`: a part that would be written as nothing has its own unit. */
export const bytesOf = (part: number, whole: number): { part: string; whole: string } => {
  const unit = unitOf(whole);
  const said = `${plain(inUnit(whole, unit), whole, unit)} ${unit.name}`;
  if (part > 0 && part < unit.bytes / 10) return { part: shortBytes(part), whole: said };
  return { part: plain(inUnit(part, unit), part, unit), whole: said };
};

/** `37`, `<1`, `>99`: percent that are not nothing, or not all, are not written as if they were. */
export const percent = (share: number): string => {
  if (share > 0 && share < 0.005) return '<1';
  if (share < 1 && share >= 0.995) return '>99';
  return String(Math.round(100 * share));
};

/** MiB as GiB with one decimal from 1 GiB on, else as MiB: `4.0 GiB`, `512 MiB`. */
export const memory = (mib: number): string =>
  mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${Math.round(mib)} MiB`;

const gib = (mib: number): string => (mib / 1024).toFixed(1);
/** `18.0 of 32 GiB` */
export const memoryOf = (part: number, whole: number): { part: string; whole: string } =>
  whole >= 1024
    ? { part: gib(part), whole: `${gib(whole).replace(/\.0$/, '')} GiB` }
    : { part: String(Math.round(part)), whole: `${Math.round(whole)} MiB` };

/** A span of time: `3 s`, `6 min 40 s`, `3 h 12 min`, `41 d`. */
export const span = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60)
    return minutes < 10 && seconds % 60 > 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
};

export const ago = (then: number, now: number): string =>
  now - then < 2000 ? 'just now' : `${span(now - then)} ago`;

/** `0:23`, `1:04:10` */
export const clock = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const rest = String(seconds % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
};

/** How long a step took: `0.2 s`, `14.2 s`, `2 min 4 s` */
export const took = (ms: number): string =>
  ms < 60_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : span(ms);

/** Time of day on this workstation: `09:42:03`; with the date when it was another day. */
export const timeOfDay = (ms: number, now: number): string => {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const today = new Date(now).toDateString() === date.toDateString();
  return today ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
};

/** When a lock was taken, from what it says itself (ISO time): `4 h ago (20:00:00)`; as written when it is no time. */
export const lockTime = (at: string, now: number): string => {
  const then = Date.parse(at);
  return Number.isNaN(then) ? at : `${ago(then, now)} (${timeOfDay(then, now)})`;
};

/** `1 node`, `3 nodes` */
export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`;
