/** Record against xen.cfg: where they disagree about a disk or about who it is, starting is blocked until it is resolved; what they say otherwise of the guest is only told. */
import { compareDisksRead } from '../xen/compare-disks.ts';
import { readInstanceConfig } from '../xen/config-reader.ts';
import { diskFacts } from '../xen/disk-writer.ts';
import { compareGuests, described } from './guest-config.ts';
import type { InstanceProblem } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';

const compare = (record: InstanceRecord, config: string): InstanceProblem[] => {
  const reading = readInstanceConfig(config);
  const problems: InstanceProblem[] = compareDisksRead(record.disks.map(diskFacts), reading).map((each) => ({
    code: 'config-disks',
    text: each.message,
  }));
  if (!reading.ok) return problems;
  const { uuid, name } = reading.config;
  if (uuid?.toLowerCase() !== record.uuid.toLowerCase())
    problems.push({
      code: 'config-identity',
      text: `xen.cfg says ${uuid === undefined ? 'no uuid' : `uuid ${uuid}`}, the record says ${record.uuid}: its domain could not be known again.`,
    });
  if (name !== record.name)
    problems.push({
      code: 'config-identity',
      text: `xen.cfg says ${name === undefined ? 'no name' : `the name ${name}`}, the record says ${record.name}.`,
    });
  for (const { what, record: ours, config: theirs } of compareGuests(record, described(reading.config)))
    problems.push({
      code: 'config-guest',
      text: `xen.cfg says ${theirs === null ? 'nothing' : theirs} for ${what}, the record says ${ours === null ? 'nothing' : ours}.`,
    });
  return problems;
};

// Parsing is the dear part of reading a cluster, and a record and its text seldom change between two probes.
const remembered = new Map<string, InstanceProblem[]>();
const atMost = 20_000;
// what is only supposed of a snapshot is supposed of the very same records
const latest = new WeakMap<InstanceRecord, { config: string; found: InstanceProblem[] }>();

const driftOf = (record: InstanceRecord, config: string): InstanceProblem[] => {
  const key = `${JSON.stringify([record.uuid, record.name, record.disks, record.guest, record.nics])}\n${config}`;
  const known = remembered.get(key);
  if (known) return known;
  const found = compare(record, config);
  if (remembered.size >= atMost) remembered.clear();
  remembered.set(key, found);
  return found;
};

/** Sentences about an instance's configuration text; null means that the file is missing. */
export const configDrift = (
  record: InstanceRecord,
  config: string | null,
  folder: string,
): InstanceProblem[] => {
  if (config === null)
    return [
      {
        code: 'config-missing',
        text: `${folder}/xen.cfg is missing: without it the instance can't be started.`,
      },
    ];
  const last = latest.get(record);
  if (last?.config === config) return last.found;
  const found = driftOf(record, config);
  latest.set(record, { config, found });
  return found;
};
