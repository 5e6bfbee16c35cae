import { Button } from '@patternfly/react-core';

const keyName = (algorithm: string): string =>
  /ed25519|ecdsa|rsa|dsa/i.exec(algorithm)?.[0].toLowerCase() ?? '*';

/** A host key by its fingerprint, to be compared with what the node itself says before it is trusted. */
export const HostKey = ({
  hostKey,
  changed,
  busy,
  onTrust,
}: {
  hostKey: { algorithm: string; fingerprint: string };
  changed: boolean;
  busy: boolean;
  onTrust?: () => void;
}) => (
  <div className="vb-stack">
    <dl className="vb-facts">
      <div>
        <dt>{changed ? 'Shown now' : 'It shows'}</dt>
        <dd>
          <code>
            {hostKey.algorithm} {hostKey.fingerprint}
          </code>
        </dd>
      </div>
      {!changed && (
        <div>
          <dt>To compare</dt>
          <dd>
            <code>ssh-keygen -lf /etc/ssh/ssh_host_{keyName(hostKey.algorithm)}_key.pub</code> on the
            node&rsquo;s own console
          </dd>
        </div>
      )}
    </dl>
    {onTrust && (
      <div>
        <Button variant="secondary" isDisabled={busy} onClick={onTrust}>
          I have compared it: trust this key
        </Button>
      </div>
    )}
  </div>
);
