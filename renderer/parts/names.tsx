/** Names of nodes in a sentence: all of a few, the first of many; the rest stands in the title. */
export const Names = ({ names }: { names: readonly string[] }) =>
  names.length <= 8 ? (
    names.join(', ')
  ) : (
    <span title={names.join(', ')}>
      {names.slice(0, 6).join(', ')} and {names.length - 6} more
      <span className="vb-hidden">: {names.slice(6).join(', ')}</span>
    </span>
  );
