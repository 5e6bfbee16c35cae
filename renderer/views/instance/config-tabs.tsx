import { Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useState } from 'react';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { instanceXml } from '../../../core/cluster/libvirt.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Section } from '../../parts/page.tsx';

const Text = ({ text, name }: { text: string | null; name: string }) =>
  text === null ? (
    <p className="vb-pad vb-subtle">There is no {name} in its folder.</p>
  ) : (
    <div className="vb-config">
      <CopyButton text={text} />
      <pre className="vb-code">{text}</pre>
    </div>
  );

/** As libvirt would have it, and what libvirt has no place for. */
const Libvirt = ({ instance }: { instance: InstanceView }) => {
  const written = instanceXml(instance);
  if (!written.ok) return <p className="vb-pad vb-subtle">{written.message}</p>;
  const { xml, omitted, source } = written;
  const notes = [
    ...(source === 'record' ? ['No node shows its xen.cfg: this is of its record.'] : []),
    ...omitted,
  ];
  return (
    <>
      {notes.length > 0 && (
        <ul className="vb-libvirt-notes" aria-label="What libvirt has no place for">
          {notes.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      )}
      <div className="vb-config">
        <CopyButton text={xml} />
        <a
          className="vb-libvirt-save"
          download={`${instance.name}.xml`}
          href={`data:application/xml;charset=utf-8,${encodeURIComponent(xml)}`}
        >
          Save as a file
        </a>
        <pre className="vb-code">{xml}</pre>
      </div>
    </>
  );
};

/** The two files beside the images, as they lie there, and the first as libvirt's XML. */
export const ConfigTabs = ({ instance, handle }: { instance: InstanceView; handle: string }) => {
  const [tab, setTab] = useState<string | number>('xen.cfg');
  const folder = instance.folders.find((each) => each.current)?.folder;
  return (
    <Section
      title="Configuration"
      note={
        <>
          the files beside its images, as they lie there ·{' '}
          <RouteLink to={{ view: 'config', instance: handle }}>Edit…</RouteLink>
        </>
      }
    >
      <Tabs
        activeKey={tab}
        onSelect={(_, key) => setTab(key)}
        aria-label="Configuration files"
        unmountOnExit
        mountOnEnter
      >
        <Tab eventKey="xen.cfg" title={<TabTitleText>xen.cfg</TabTitleText>}>
          <Text text={folder?.config ?? null} name="xen.cfg" />
        </Tab>
        <Tab eventKey="instance.json" title={<TabTitleText>instance.json</TabTitleText>}>
          <Text text={JSON.stringify(instance.record, null, 2)} name="instance.json" />
        </Tab>
        <Tab eventKey="libvirt" title={<TabTitleText>libvirt XML</TabTitleText>}>
          <Libvirt instance={instance} />
        </Tab>
      </Tabs>
    </Section>
  );
};
