// npm run format: mends format, order of imports and what else biome can mend by itself.
import { runCommand } from '../lib/command.ts';

const { code } = await runCommand('biome', ['check', '--write', '.'], { inherit: true });
process.exitCode = code ?? 1;
