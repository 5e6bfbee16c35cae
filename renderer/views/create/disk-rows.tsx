import { Button, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { FILE_TYPE_ENTRIES } from '../../../core/storage/file-types.ts';
import { diskLetters, imageName, MAXIMUM_DISKS } from '../../../core/storage/image-names.ts';
import { layoutOfVdev } from '../../../core/xen/vdev.ts';
import { controlProps, FieldError } from '../../parts/field.tsx';
import { type DiskForm, newDisk } from './create-form.ts';

export const DiskRows = ({
  disks,
  images,
  errors,
  onChange,
  onTouch,
}: {
  disks: readonly DiskForm[];
  /** paths that are proposed where a disk shall be a copy of an image */
  images: readonly string[];
  errors: ReadonlyMap<string, string>;
  onChange: (disks: DiskForm[]) => void;
  onTouch: (field: string) => void;
}) => {
  const set = (index: number, change: Partial<DiskForm>) =>
    onChange(disks.map((disk, at) => (at === index ? { ...disk, ...change } : disk)));
  const add = () => onChange([...disks, newDisk(Math.max(0, ...disks.map((disk) => disk.key)) + 1, '10G')]);
  return (
    <div className="vb-field">
      <span className="vb-field-label" id="disks-label">
        Disks
      </span>
      <div className="vb-field-body">
        <datalist id="importable-images">
          {images.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <ul className="vb-lines" aria-labelledby="disks-label">
          {disks.map((disk, index) => (
            <li key={disk.key}>
              <div className="vb-disk-line">
                <code>{imageName(index)}</code>
                <TextInput
                  {...controlProps(`disks.${index}.size`, errors)}
                  aria-label={`Size of disk ${index}`}
                  placeholder={disk.image === null ? '' : 'as the image'}
                  value={disk.size}
                  onChange={(_, size) => {
                    onTouch(`disks.${index}.size`);
                    set(index, { size });
                  }}
                />
                <FormSelect
                  {...controlProps(`disks.${index}.type`, errors)}
                  aria-label={`File type of disk ${index}`}
                  value={disk.type === 'raw' && disk.allocation === 'full' ? 'full' : disk.type}
                  onChange={(_, type) =>
                    set(index, {
                      type: type === 'qcow2' ? 'qcow2' : 'raw',
                      allocation: type === 'full' ? 'full' : 'sparse',
                    })
                  }
                >
                  <FormSelectOption value="raw" label="raw" />
                  <FormSelectOption value="full" label="raw, fully allocated" />
                  <FormSelectOption value="qcow2" label="qcow2" />
                </FormSelect>
                <FormSelect
                  id={`disk-mode-${index}`}
                  aria-label={`Access of disk ${index}`}
                  value={disk.mode}
                  onChange={(_, mode) => set(index, { mode: mode === 'ro' ? 'ro' : 'rw' })}
                >
                  <FormSelectOption value="rw" label="read, write" />
                  <FormSelectOption value="ro" label="read only" />
                </FormSelect>
                <TextInput
                  {...controlProps(`disks.${index}.vdev`, errors)}
                  aria-label={`Device in the guest of disk ${index}`}
                  placeholder={`xvd${diskLetters(index)}`}
                  value={disk.vdev}
                  onChange={(_, vdev) => set(index, { vdev })}
                />
                <Button
                  variant="link"
                  aria-label={`Remove disk ${index}`}
                  onClick={() => onChange(disks.filter((_, at) => at !== index))}
                >
                  Remove
                </Button>
              </div>
              {/^\s*[0-9.]+\s*$/.test(disk.size) && !errors.has(`disks.${index}.size`) && (
                <p className="vb-field-help">
                  A number without a unit is MiB. Write {disk.size.trim()}G for GiB.
                </p>
              )}
              <div className="vb-disk-from">
                <FormSelect
                  id={`disk-from-${index}`}
                  aria-label={`Content of disk ${index}`}
                  value={disk.image === null ? 'empty' : 'image'}
                  onChange={(_, from) =>
                    set(
                      index,
                      from === 'image'
                        ? { image: '', size: '', base: '', allocation: 'sparse' }
                        : { image: null, size: disk.size === '' ? '5G' : disk.size },
                    )
                  }
                >
                  <FormSelectOption value="empty" label="empty, a new image" />
                  <FormSelectOption value="image" label="a copy of an image" />
                </FormSelect>
                {disk.image !== null && (
                  <TextInput
                    {...controlProps(`disks.${index}.import`, errors)}
                    className="vb-mono-input"
                    aria-label={`Image of which disk ${index} is a copy`}
                    placeholder="its path on the primary: vmdk, vhd, vdi, qcow2, raw"
                    list="importable-images"
                    spellCheck={false}
                    value={disk.image}
                    onChange={(_, image) => {
                      onTouch(`disks.${index}.import`);
                      set(index, { image });
                    }}
                  />
                )}
              </div>
              {disk.type === 'qcow2' && disk.image === null && (
                <TextInput
                  {...controlProps(`disks.${index}.base`, errors)}
                  className="vb-mono-input"
                  aria-label={`Base image of disk ${index}`}
                  placeholder="a linked clone: path of its base image"
                  spellCheck={false}
                  value={disk.base}
                  onChange={(_, base) => set(index, { base })}
                />
              )}
              {layoutOfVdev(disk.vdev) === 'a bare file system' && (
                <p className="vb-field-help">
                  {disk.vdev} is a partition: the image holds a bare file system, without a partition table.
                </p>
              )}
              {['size', 'type', 'vdev', 'allocation', 'base', 'import'].map((part) => (
                <FieldError key={part} field={`disks.${index}.${part}`} errors={errors} />
              ))}
            </li>
          ))}
        </ul>
        {disks.length === 0 && <p className="vb-subtle">No disk.</p>}
        <FieldError field="disks" errors={errors} />
        <Button variant="link" isInline onClick={add} isDisabled={disks.length >= MAXIMUM_DISKS}>
          Add disk
        </Button>
        <p className="vb-field-help">
          {disks.some((disk) => disk.type === 'qcow2')
            ? `qcow2: ${FILE_TYPE_ENTRIES.qcow2.disadvantages[0]?.toLowerCase()}.`
            : `raw: ${FILE_TYPE_ENTRIES.raw.advantages[1]?.toLowerCase()}.`}
        </p>
      </div>
    </div>
  );
};
