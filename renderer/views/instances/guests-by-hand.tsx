/** Guests that somebody made by hand: what they are, and the way to adopt each. */
import type { GuestByHand } from '../../../core/plan/adopt/guests-by-hand.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { memory } from '../../parts/format.ts';
import { Section } from '../../parts/page.tsx';
import { Mark, StateSign } from '../../parts/signs.tsx';

const by = ({ config, domain }: GuestByHand): string | null => config ?? domain?.uuid?.toLowerCase() ?? null;

const Guest = ({ guest }: { guest: GuestByHand }) => {
  const { node, config, name, domain, images, obstacle } = guest;
  const address = by(guest);
  return (
    <li>
      {domain ? (
        <StateSign state={domain.state === 'running' ? 'running' : 'unknown'} />
      ) : (
        <Mark mark="folder" />
      )}
      <strong>{name}</strong>
      <span className="vb-grow">
        {domain
          ? `${domain.state} on ${node}, ${memory(domain.memoryMib)}, domain ${domain.domid}`
          : `does not run on ${node}`}
        {config === null ? ', no configuration of it was found' : ', '}
        {config !== null && <code className="vb-break">{config}</code>}
        {images.length > 0 && (
          <>
            {', '}
            <code className="vb-break">{images.join(' ')}</code>
          </>
        )}
        {obstacle !== null && <span className="vb-subtle"> · {obstacle}</span>}
      </span>
      {address !== null && obstacle === null && (
        <RouteLink to={{ view: 'adopt-guest', node, by: address }}>
          Adopt…<span className="vb-hidden"> {name}</span>
        </RouteLink>
      )}
    </li>
  );
};

export const GuestsByHand = ({ guests }: { guests: readonly GuestByHand[] }) =>
  guests.length > 0 && (
    <Section title="Guests made by hand" note="by a configuration in /etc/xen, or running without one">
      <ul className="vb-plain-list">
        {guests.map((each) => (
          <Guest key={`${each.node} ${each.config ?? each.domain?.domid}`} guest={each} />
        ))}
      </ul>
    </Section>
  );
