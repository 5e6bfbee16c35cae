/**
 * One node of the practice cluster: a real SSH server on loopback whose commands run in a real shell over the node's root.
 * Only what VBDesk uses: public-key login and `exec`.
 */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import ssh2, { type Connection } from 'ssh2';

export type PracticeServerOptions = {
  /** the node's root directory */
  root: string;
  /** PEM of the node's host key */
  hostKey: string;
  /** the one public key that may log in, OpenSSH form */
  authorizedKey: string;
  /** asked at each connection and command: nobody answers while the plug is pulled */
  isUnplugged: () => boolean;
};

export class PracticeServer {
  readonly #options: PracticeServerOptions;
  readonly #connections = new Set<Connection>();
  #server: ssh2.Server | null = null;
  /** kept over pulling and plugging, so that the node answers at the same address again */
  #port = 0;

  constructor(options: PracticeServerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const allowed = ssh2.utils.parseKey(this.#options.authorizedKey);
    if (allowed instanceof Error) throw allowed;
    const server = new ssh2.Server({ hostKeys: [this.#options.hostKey] }, (connection) => {
      if (this.#options.isUnplugged()) return void connection.end();
      this.#connections.add(connection);
      // a client that goes away in the middle is no news
      connection.on('error', () => undefined).on('close', () => this.#connections.delete(connection));
      connection.on('authentication', (attempt) => {
        if (attempt.method !== 'publickey' || !attempt.key.data.equals(allowed.getPublicSSH()))
          return attempt.reject(['publickey']);
        if (!attempt.signature || !attempt.blob) return attempt.accept();
        if (allowed.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true)
          return attempt.accept();
        return attempt.reject(['publickey']);
      });
      connection.on('ready', () => {
        connection.on('session', (acceptSession) => {
          acceptSession().on('exec', (accept, _reject, { command }) => {
            // the plug was pulled by another process
            if (this.#options.isUnplugged()) connection.end();
            else this.#execute(accept(), command);
          });
        });
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #execute(channel: ssh2.ServerChannel, command: string): void {
    const { root } = this.#options;
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: root,
      env: {
        PATH: `${path.join(root, 'bin')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`,
        HOME: root,
        LC_ALL: 'C',
        VBDESK_ROOT: root,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.on('error', (error) => {
      channel.stderr.write(`${error.message}\n`);
      channel.exit(127);
      channel.end();
    });
    // a process that ends before it has read all its input is no error of ours
    child.stdin.on('error', () => undefined);
    channel.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code, signal) => {
      if (signal) channel.exit(signal.replace(/^SIG/, ''), false, '');
      else channel.exit(code ?? 1);
      channel.end();
    });
  }

  /** The connections that there are break off, as when the cable is pulled. */
  disconnect(): void {
    for (const connection of this.#connections) connection.end();
  }

  /** No new connection, and the ones there are break off. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.disconnect();
    await closed;
  }
}
