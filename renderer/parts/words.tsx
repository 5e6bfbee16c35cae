/** A command that breaks between its words only, never after the hyphen of an option. */
export const Words = ({ text }: { text: string }) =>
  text.split(' ').map((word, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a word has no other identity than its place
    <span key={index}>
      {index > 0 && ' '}
      <span className="vb-word">{word}</span>
    </span>
  ));
