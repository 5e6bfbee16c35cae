// npm run package [-- ARGUMENT…]: builds, then packages for this platform with electron-builder (arguments are its own).
import { buildOrExit } from '../lib/build.ts';
import { runCommand } from '../lib/command.ts';

await buildOrExit();
const { code } = await runCommand('electron-builder', ['--publish', 'never', ...process.argv.slice(2)], {
  inherit: true,
});
process.exitCode = code ?? 1;
