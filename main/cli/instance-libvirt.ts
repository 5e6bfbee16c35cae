/** `vbdesk instance libvirt-xml`: an instance as libvirt would have it, printed or written into a file. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { instanceXml } from '../../core/cluster/libvirt.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { chooseCluster, knownInstance, lookAt, noteSilentNodes } from './resolve.ts';

/** A file that is there already is somebody's: it stays. */
const save = async (file: string, xml: string): Promise<void> => {
  try {
    await writeFile(file, xml, { flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EEXIST')
      throw usageError(`${file} is there already. Choose another name, or move it away.`, 'file-exists');
    throw new CliError(
      exitCodes.failed,
      'file',
      `${file} can't be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

const show = async (context: CommandContext, name: string, options: { output?: string }): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  noteSilentNodes(context, snapshot);
  const view = knownInstance(snapshot, name);
  const written = instanceXml(view);
  if (!written.ok) throw usageError(`${view.name}: ${written.message}`, 'config');
  const { xml, omitted, source } = written;
  if (source === 'record')
    context.note(`No node shows xen.cfg of ${view.name}: its record is what this was written from.`);
  for (const sentence of omitted) context.note(sentence);
  const output = options.output === undefined || options.output === '-' ? null : path.resolve(options.output);
  if (output !== null) await save(output, xml);
  if (context.json) context.result({ instance: view.name, source, output, omitted, xml }, '');
  else if (output === null) context.terminal.out(xml);
  else context.note(`${output} is written.`);
};

export const addLibvirtCommand = (instance: Command, action: Action): void => {
  instance
    .command('libvirt-xml <name>')
    .description("print it as a domain of libvirt's driver for Xen; what libvirt has no place for is named")
    .option('--output <file>', 'write it into this file, which must not be there yet')
    .addHelpText(
      'after',
      `
Nothing is defined or started, and VBDesk goes on knowing the instance by its xen.cfg alone.

Examples:
  vbdesk instance libvirt-xml web1.example.org
  vbdesk instance libvirt-xml web1.example.org --output web1.xml
`,
    )
    .action(action(show));
};
