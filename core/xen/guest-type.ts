/** Of which type a configuration's guest is, as xl sees it. */

import { removeSetting, setSetting } from './config-edit.ts';
import { type ConfigTree, getSetting, getText } from './config-syntax.ts';
import type { GuestType } from './instance-config.ts';

export type GuestTypeReading = {
  /** null: xl refuses what is said. */
  type: GuestType | null;
  /** The key that is wrong, where it is. */
  key: 'type' | 'builder' | null;
  message: string;
};

const ORDER: readonly GuestType[] = ['hvm', 'pv', 'pvh'];

/** xl takes the beginning of a word for the word, and an empty text for hvm, which is the first that it tries. */
const begun = (text: string): GuestType | undefined => ORDER.find((type) => type.startsWith(text));

/** Reads `type` and the older `builder`. Never throws. A list is no text, and xl goes on as if the key were absent. */
export const readGuestType = (tree: ConfigTree): GuestTypeReading => {
  const text = (key: string): string | undefined => getText(tree, key) ?? undefined;
  const said = text('type');
  const type = said === undefined ? undefined : begun(said);
  if (said !== undefined && type === undefined)
    return {
      type: null,
      key: 'type',
      message: `xl knows no type ${JSON.stringify(said)}. It is pv, pvh or hvm.`,
    };
  const older = text('builder');
  if (older === undefined) return { type: type ?? 'pv', key: null, message: '' };
  const built: GuestType | undefined = 'hvm'.startsWith(older)
    ? 'hvm'
    : 'generic'.startsWith(older)
      ? 'pv'
      : undefined;
  if (built === undefined) {
    // xm's word for pv: we know what is meant, though xl does not.
    const meant = older === 'linux' ? (type ?? 'pv') : null;
    return {
      type: meant,
      key: 'builder',
      message: `xl knows no builder ${JSON.stringify(older)}. It is hvm or generic; better is type = "pv", "pvh" or "hvm".`,
    };
  }
  if (type !== undefined && type !== built)
    return {
      type: null,
      key: 'builder',
      message: `builder means a guest of type ${built}, but type says ${type}; xl refuses both at once.`,
    };
  return { type: built, key: null, message: '' };
};

/** Says the type in the word that the text uses already: `builder` where only that stands there and can say it. */
export const setGuestType = (tree: ConfigTree, type: GuestType): ConfigTree => {
  const reading = readGuestType(tree);
  if (reading.type === type && reading.key === null) return tree;
  const older = getSetting(tree, 'builder') !== undefined;
  if (older && getSetting(tree, 'type') === undefined && type !== 'pvh')
    return setSetting(tree, 'builder', type === 'hvm' ? 'hvm' : 'generic');
  // xl refuses two words that do not agree.
  return setSetting(older ? removeSetting(tree, 'builder') : tree, 'type', type);
};
