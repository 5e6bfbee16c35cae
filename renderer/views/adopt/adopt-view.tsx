/** Images that no instance owns become one. */
import { ViewHead } from '../../parts/page.tsx';

export const AdoptView = ({ node, paths }: { node: string; paths: readonly string[] }) => (
  <ViewHead title={`Adopt ${paths.join(', ')} on ${node}`} />
);
