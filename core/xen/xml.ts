/** Just enough to write XML: elements as values, printed with two spaces and everything escaped. */

/** An element: its name, its attributes (undefined ones are left out), and a text or elements in it. */
export type XmlElement = {
  name: string;
  attributes: Readonly<Record<string, string | undefined>>;
  content: string | readonly XmlElement[];
};

export const element = (
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  content: string | readonly (XmlElement | null)[] = [],
): XmlElement => ({
  name,
  attributes,
  content: typeof content === 'string' ? content : content.filter((each) => each !== null),
});

const NAMED: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that no XML can hold, not even escaped: control characters, half of a pair, the two that are none. */
const isImpossible = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) ||
  (code >= 0xd800 && code <= 0xdfff) ||
  code === 0xfffe ||
  code === 0xffff;

/** Escapes a text for an attribute or an element; what no XML can hold becomes the replacement character. */
export const escapeXml = (text: string): string => {
  let escaped = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const named = NAMED[character];
    if (named !== undefined) escaped += named;
    else if (isImpossible(code)) escaped += '\ufffd';
    // A parser would make spaces of the first, and a terminal may obey the others.
    else if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029)
      escaped += `&#${code};`;
    else escaped += character;
  }
  return escaped;
};

/** True where {@link escapeXml} loses nothing. */
export const fitsXml = (text: string): boolean =>
  [...text].every((character) => !isImpossible(character.codePointAt(0) ?? 0));

const print = ({ name, attributes, content }: XmlElement, indent: string): string => {
  const head = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}='${escapeXml(value)}'`],
  );
  const open = `${indent}<${name}${head.join('')}`;
  if (typeof content === 'string') return `${open}>${escapeXml(content)}</${name}>\n`;
  if (content.length === 0) return `${open}/>\n`;
  return `${open}>\n${content.map((each) => print(each, `${indent}  `)).join('')}${indent}</${name}>\n`;
};

/** The text of a document with this element at its root. */
export const printXml = (root: XmlElement): string => print(root, '');
