/** A button for an action on an instance or an image. What is impossible stays, reachable, and says why. */
import { Button, Tooltip } from '@patternfly/react-core';
import type { InstanceAction } from '../model/instance-words.ts';
import { useNavigator } from '../navigation/navigator.tsx';
import { Kbd } from './kbd.tsx';

export const ActionButton = ({
  action,
  primary = false,
}: {
  action: Omit<InstanceAction, 'id'>;
  primary?: boolean;
}) => {
  const { go } = useNavigator();
  const button = (
    <Button
      variant={primary ? 'primary' : 'secondary'}
      isDanger={action.danger}
      isAriaDisabled={action.impossible !== null}
      onClick={() => go(action.route)}
    >
      {action.label}
      {action.impossible !== null && <span className="vb-hidden"> Not possible: {action.impossible}</span>}
      {action.key && action.impossible === null && (
        <>
          {' '}
          <Kbd>{action.key}</Kbd>
        </>
      )}
    </Button>
  );
  return action.impossible === null ? button : <Tooltip content={action.impossible}>{button}</Tooltip>;
};
