/** Files in an instance's folder that are no disk of it: kept ones can be had back or let go. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { shortBytes } from '../../parts/format.ts';
import { filesBeside } from './disk-form.ts';

export const FilesBeside = ({ handle, instance }: { handle: string; instance: InstanceView }) => {
  const files = filesBeside(instance);
  if (files.length === 0) return null;
  return (
    <table className="vb-table" aria-label="Other files in its folder">
      <thead>
        <tr>
          <th scope="col">Beside its disks</th>
          <th scope="col" className="vb-right">
            Size
          </th>
          <th scope="col" className="vb-right">
            On disk
          </th>
          <th scope="col">What can be done</th>
        </tr>
      </thead>
      <tbody>
        {files.map((file) => (
          <tr key={file.name}>
            <td className="vb-break">
              <code>{file.name}</code>
              {file.kept && <span className="vb-subtle"> kept</span>}
            </td>
            <td className="vb-right">{shortBytes(file.size)}</td>
            <td className="vb-right">{shortBytes(file.allocated)}</td>
            <td>
              <span className="vb-row">
                <RouteLink to={{ view: 'disk', instance: handle, task: 'add', item: file.name }}>
                  Add as disk…
                </RouteLink>
                {file.kept && (
                  <RouteLink to={{ view: 'disk', instance: handle, task: 'release', item: file.name }}>
                    Let go…
                  </RouteLink>
                )}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};
