import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imageIsCurrent } from './image.ts';
import { ensureLab, labNodes, shutDownAll } from './index.ts';
import { LabError, messageOf } from './lab-error.ts';
import { takeLock } from './lock.ts';
import { progressToStandardError } from './progress.ts';
import { hasSnapshot, nodePid } from './qemu.ts';
import { registerCluster } from './register-cluster.ts';
import { labSettings, MAXIMUM_NODES } from './settings.ts';

const USAGE = `Two or three real Xen nodes on this machine, in software emulation.

  cli.ts up [--nodes 2|3] [--keep] [--install] [--config-dir DIR] [--no-register]
      builds the image (once), boots the nodes and adds them to VBDesk as cluster 'lab'
        --keep          nodes go on with their disks as they were left (cold boot) instead of clean ones
        --install       installs missing Debian packages
        --config-dir    VBDesk's configuration directory, where it is not the usual one
        --no-register   leaves VBDesk's configuration alone
  cli.ts reset [--nodes 2|3]   destroys all guests, empties both storage directories
  cli.ts down                  switches all nodes off
  cli.ts status                says what there is, and how to get in

Everything lies in ~/.cache/vbdesk-xen-lab, or where VBDESK_LAB says. VBDESK_LAB_PORT (2220) + N is node N's SSH port.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '2' },
      keep: { type: 'boolean', default: false },
      install: { type: 'boolean', default: process.env.VBDESK_LAB_INSTALL === '1' },
      'config-dir': { type: 'string' },
      'no-register': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined || rest.length > 0) {
    process.stdout.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const settings = labSettings();
  const progress = progressToStandardError();
  const nodes = Number(values.nodes);

  switch (command) {
    case 'up': {
      const lab = await ensureLab({
        nodes,
        settings,
        progress,
        install: values.install,
        purpose: 'lab:up',
        mode: values.keep ? 'keep' : 'clean',
      });
      try {
        for (const { name, port, keyFile } of lab.nodes) {
          progress(`${name}: ssh -i ${keyFile} -p ${port} root@127.0.0.1`);
        }
        if (!values['no-register']) progress(await registerCluster(lab, values['config-dir']));
      } finally {
        await lab.close();
      }
      return 0;
    }
    case 'reset': {
      const lab = await ensureLab({ nodes, settings, progress, purpose: 'lab:reset' });
      await lab.reset();
      await lab.close();
      progress('all nodes are clean');
      return 0;
    }
    case 'down': {
      const lock = await takeLock(settings, 'lab:down', progress);
      await shutDownAll(settings);
      await lock.release();
      progress('all nodes are switched off');
      return 0;
    }
    case 'status': {
      const built = existsSync(settings.image);
      const current = built && (await imageIsCurrent(settings));
      process.stdout.write(
        `image: ${current ? 'built' : built ? 'built by older scripts' : 'not built'}  (${settings.image})\n`,
      );
      if (!built) return 0;
      process.stdout.write(`shared directory: ${settings.shared}\n`);
      for (const { name, number, port, keyFile } of await labNodes(settings, MAXIMUM_NODES)) {
        const pid = nodePid(settings, number);
        const state =
          pid === undefined
            ? `off${(await hasSnapshot(settings, number)) ? ', resumes in seconds' : ''}`
            : `on (process ${pid})  ssh -i ${keyFile} -p ${port} root@127.0.0.1`;
        process.stdout.write(`${name}: ${state}\n`);
      }
      return 0;
    }
    default:
      process.stderr.write(`There is no '${command}'.\n\n${USAGE}\n`);
      return 2;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${error instanceof LabError || usage ? messageOf(error) : String(error)}\n`);
  process.exitCode = usage ? 2 : 1;
}
