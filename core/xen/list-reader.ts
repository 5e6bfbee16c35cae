import { type Domain, decodeFlags, shutdownReasonOf } from './domain.ts';

/**
 * Readers of the tables of `xl list`, `xl list -v` and `xm list`. A table is read from the right, because a name may hold
 * spaces. They never throw: a line that is not understood becomes a domain of state `unknown` that carries the line, so
 * that nobody mistakes it for an absent one.
 */

const HEADER = /^\s*Name\s+ID\s+Mem/;
const ROW =
  /^(.*?) +(-?[0-9]{1,10}) +([0-9]{1,12}) +([0-9]{1,6})\s+(\S{6})\s+([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*$/;
const VERBOSE_ROW =
  /^(.*?) +(-?[0-9]{1,10}) +([0-9]{1,12}) +([0-9]{1,6})\s+(\S{6})\s+([0-9]{1,15}(?:\.[0-9]{1,3})?)\s+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\s.*)?$/;
/** xm also lists domains that it knows but that do not exist now: no id, no state. */
const INACTIVE_XM_ROW = /^\S.* +[0-9]+ +[0-9]+ +[0-9]+\.[0-9]\s*$/;
/** Longer lines are no table's; a limit keeps a hostile one from costing time. */
const MAXIMUM_LINE = 4096;

function unknownDomain(line: string): Domain {
  // The name's column is 40 wide; a uuid anywhere in the line still tells whose it is.
  const name = line.slice(0, 40).trim() || line.trim().slice(0, 40);
  const domain: Domain = {
    name,
    domid: -1,
    memoryMib: 0,
    vcpus: 0,
    state: 'unknown',
    flags: '',
    cpuSeconds: 0,
    raw: line,
  };
  const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(line.slice(0, MAXIMUM_LINE))?.[0];
  return uuid ? { ...domain, uuid } : domain;
}

function readRow(line: string, pattern: RegExp): Domain | null {
  const match = pattern.exec(line);
  if (!match) return null;
  const [, name = '', domid = '', memory = '', vcpus = '', flags = '', seconds = '', uuid] = match;
  const domain: Domain = {
    name: name.trimEnd(),
    domid: Number(domid),
    memoryMib: Number(memory),
    vcpus: Number(vcpus),
    state: decodeFlags(flags),
    flags,
    cpuSeconds: Number(seconds),
    raw: line,
  };
  if (uuid !== undefined) domain.uuid = uuid;
  const reason = shutdownReasonOf(flags);
  if (reason !== undefined) domain.shutdownReason = reason;
  return domain;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line.trim() !== '' && !HEADER.test(line));
}

function readTable(text: string, pattern: RegExp): Domain[] {
  return linesOf(text).map((line) => {
    const row = line.length <= MAXIMUM_LINE ? readRow(line, pattern) : null;
    return row ?? unknownDomain(line);
  });
}

/** Reads `xl list`. Domain-0 is among the domains. */
export function readXlList(text: string): Domain[] {
  return readTable(text, ROW);
}

/** Reads `xl list -v`, which tells the uuid of every domain and why it shut down. */
export function readXlListVerbose(text: string): Domain[] {
  return readTable(text, VERBOSE_ROW);
}

/** Reads `xm list`. Domains that xm manages but that do not exist at the moment are left out. */
export function readXmList(text: string): Domain[] {
  const inactive = (line: string) =>
    line.length <= MAXIMUM_LINE && !ROW.test(line) && INACTIVE_XM_ROW.test(line);
  const existing = linesOf(text).filter((line) => !inactive(line));
  return readTable(existing.join('\n'), ROW);
}
