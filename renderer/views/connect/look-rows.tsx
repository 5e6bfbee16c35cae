/** The nodes of the form, each with what one look at it found. */
import { Button, TextInput } from '@patternfly/react-core';
import type { Failure, Output } from '../../../core/contract.ts';
import { troubleMark } from '../../model/node-words.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { controlProps, FieldError } from '../../parts/field.tsx';
import { count, memory } from '../../parts/format.ts';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { HostKey } from '../nodes/host-key.tsx';
import { emptyNode, type NodeForm, nodeNameOf } from './connect-form.ts';

export type Look =
  | { state: 'looking' }
  | { state: 'failed'; failure: Failure }
  | { state: 'seen'; found: Output<'node.look'> };

const LookResult = ({ look, onTrust }: { look: Look; onTrust: (line: string) => void }) => {
  if (look.state === 'looking')
    return (
      <p className="vb-row">
        <Spinner /> asking…
      </p>
    );
  if (look.state === 'failed') return <FailureNote failure={look.failure} />;
  const { trouble, facts } = look.found;
  if (trouble)
    return (
      <div
        className={trouble.kind === 'host-key-unknown' ? 'vb-note vb-note-warning' : 'vb-note vb-note-danger'}
        role="alert"
      >
        <Mark mark={troubleMark(trouble.kind)} />
        <div className="vb-stack vb-grow">
          <p className="vb-prewrap vb-break">{trouble.message}</p>
          {trouble.hostKey && (
            <HostKey
              hostKey={trouble.hostKey}
              changed={trouble.kind === 'host-key-changed'}
              busy={false}
              {...(trouble.kind === 'host-key-unknown'
                ? { onTrust: () => onTrust(trouble.hostKey?.line ?? '') }
                : {})}
            />
          )}
        </div>
      </div>
    );
  if (!facts) return null;
  return (
    <p className="vb-row">
      <VerdictSign verdict={facts.toolstack ? 'ready' : 'not'} />
      {facts.hostname} answers: {facts.xen ? `Xen ${facts.xen}` : 'no Xen'},{' '}
      {facts.toolstack ?? 'neither xl nor xm found'}, {count(facts.cpus, 'CPU')},{' '}
      {memory(facts.freeMemoryMib)} of {memory(facts.totalMemoryMib)} memory free
    </p>
  );
};

export const LookRows = ({
  nodes,
  errors,
  looks,
  onChange,
  onTrust,
}: {
  nodes: readonly NodeForm[];
  errors: ReadonlyMap<string, string>;
  looks: ReadonlyMap<number, Look>;
  onChange: (nodes: NodeForm[]) => void;
  onTrust: (node: NodeForm, line: string) => void;
}) => {
  const set = (index: number, change: Partial<NodeForm>) =>
    onChange(nodes.map((node, at) => (at === index ? { ...node, ...change } : node)));
  return (
    <div className="vb-stack">
      <div className="vb-look vb-look-head" aria-hidden="true">
        <span>Name</span>
        <span>Address or SSH alias</span>
        <span>Port</span>
        <span>User</span>
      </div>
      {nodes.map((node, index) => {
        const look = looks.get(node.key);
        return (
          <fieldset key={node.key} className="vb-radios">
            <legend className="vb-hidden">Node {index + 1}</legend>
            <div className="vb-look">
              <TextInput
                {...controlProps(`nodes.${index}.name`, errors)}
                aria-label={`Name of node ${index + 1}`}
                placeholder={nodeNameOf(node) || `node${index + 1}`}
                value={node.name}
                onChange={(_, name) => set(index, { name })}
              />
              <TextInput
                {...controlProps(`nodes.${index}.host`, errors)}
                aria-label={`Address of node ${index + 1}`}
                placeholder={index === 0 ? 'xen1.example.org' : ''}
                list="ssh-hosts"
                value={node.host}
                onChange={(_, host) => set(index, { host })}
              />
              <TextInput
                {...controlProps(`nodes.${index}.port`, errors)}
                aria-label={`Port of node ${index + 1}`}
                placeholder="22"
                inputMode="numeric"
                value={node.port}
                onChange={(_, port) => set(index, { port })}
              />
              <TextInput
                {...controlProps(`nodes.${index}.user`, errors)}
                aria-label={`User on node ${index + 1}`}
                placeholder="as SSH says"
                value={node.user}
                onChange={(_, user) => set(index, { user })}
              />
              <Button
                variant="link"
                aria-label={`Remove node ${index + 1}`}
                onClick={() => onChange(nodes.filter((_, at) => at !== index))}
              >
                Remove
              </Button>
            </div>
            {['name', 'host', 'port'].map((part) => (
              <FieldError key={part} field={`nodes.${index}.${part}`} errors={errors} />
            ))}
            {look && (
              <div className="vb-look-result">
                <LookResult look={look} onTrust={(line) => onTrust(node, line)} />
              </div>
            )}
          </fieldset>
        );
      })}
      <FieldError field="nodes" errors={errors} />
      <div>
        <Button
          variant="link"
          isInline
          onClick={() => onChange([...nodes, emptyNode(Math.max(0, ...nodes.map((node) => node.key)) + 1)])}
        >
          Add a node
        </Button>
      </div>
    </div>
  );
};
