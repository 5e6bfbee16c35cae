/** A storage that several nodes share: stacked discs; a node's own: one drive. */

import DatabaseIcon from '@patternfly/react-icons/dist/esm/icons/database-icon';
import HddIcon from '@patternfly/react-icons/dist/esm/icons/hdd-icon';

export const Disks = ({ shared }: { shared: boolean }) => (shared ? <DatabaseIcon /> : <HddIcon />);
