/** A view whose subject is not there (any more): says so, and where to go. */
import { Button } from '@patternfly/react-core';
import { useNavigator } from '../navigation/navigator.tsx';
import { ViewHead } from './page.tsx';

export const MissingInstance = ({ handle, several }: { handle: string; several: boolean }) => {
  const { go } = useNavigator();
  return (
    <>
      <ViewHead title={handle} />
      <div className="vb-empty">
        <h2>{several ? `Several instances are called ${handle}` : `There is no instance ${handle}`}</h2>
        <p>
          {several
            ? 'Choose one of them in the table; it is then named by its uuid.'
            : 'No node shows a record of it. It may have been removed, or its storage is not seen now.'}
        </p>
        <Button onClick={() => go({ view: 'instances' })}>All instances</Button>
      </div>
    </>
  );
};
