// The process that is Electron's main process in the stand-in: node run.ts MAIN [ARGUMENT…], started by launchApp.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { type Answer, type Question, question } from './control.ts';

const standIn = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' || specifier === 'electron/main'
      ? { url: standIn, shortCircuit: true }
      : next(specifier, context),
});

const [node, , main, ...args] = process.argv;
if (!node || !main) throw new Error('Usage: node run.ts MAIN [ARGUMENT…]');
// As Electron has them when it runs an app that is not packaged: its own path, the app, the app's arguments.
process.argv = [node, path.resolve('.'), ...args];
Object.defineProperty(process, 'type', { value: 'browser' });
Object.defineProperty(process, 'resourcesPath', {
  value: path.resolve('node_modules/electron/dist/resources'),
});

const { default: electron } = await import('./electron.ts');
const { recorded } = await import('./recorded.ts');
const { askBeforeRequest, askPermission, checkPermission } = await import('./session.ts');
const { answerRequest } = await import('./protocol.ts');
const { detailsOf } = await import('./requests.ts');
const { ipcEvent, senderFrame } = await import('./ipc-main.ts');

async function work(asked: Question): Promise<unknown> {
  const [window] = electron.BrowserWindow.getAllWindows();
  const webContents = window?.webContents;
  switch (asked.ask) {
    case 'evaluate': {
      // The text is of a function in the test's own file.
      const given = runInThisContext(`(${asked.source})`) as (module: unknown, arg: unknown) => unknown;
      return given(electron, asked.arg);
    }
    case 'recorded':
      return recorded;
    case 'windows':
      return electron.BrowserWindow.getAllWindows().map(({ options }) => options);
    case 'askPermission':
      return askPermission(webContents ?? {}, asked.arg);
    case 'checkPermission':
      return checkPermission(webContents ?? {}, asked.arg, webContents?.mainFrame.origin ?? '');
    case 'invokeFrom': {
      const { frame, channel, args: given } = asked.arg;
      const inside = frame?.inside ? senderFrame(frame.inside) : null;
      const sender = frame ? senderFrame(frame.url, inside) : null;
      return electron.ipcMain.dispatchInvoke(ipcEvent(sender, webContents ?? {}), channel, given);
    }
    case 'request': {
      const url = asked.arg;
      const details = detailsOf({ method: () => 'GET', resourceType: () => 'document' }, url, 0);
      const before = await askBeforeRequest(details);
      const response = before.cancel ? null : await answerRequest(new Request(url));
      if (!response) return { refused: true };
      const headers = Object.fromEntries(response.headers);
      return { refused: false, status: response.status, headers, body: await response.text() };
    }
  }
}

function send(message: Answer): void {
  process.send?.(message);
}

process.on('message', (message) => {
  const asked = question.parse(message);
  void work(asked).then(
    (value) => send({ id: asked.id, ok: true, value }),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send({ id: asked.id, ok: false, error: text });
    },
  );
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => electron.app.quit());
// The test has gone: nobody would end this process any more.
process.on('disconnect', () => process.exit(1));

await import(pathToFileURL(path.resolve(main)).href);
electron.app.becomeReady();
