/** The words of a draft's YAML as the eye wants them told apart; the reader in core is what decides. */
import type { StreamParser } from '@codemirror/language';

export const yamlLanguage: StreamParser<{ key: boolean }> = {
  name: 'yaml',
  startState: () => ({ key: true }),
  token: (stream, state) => {
    if (stream.sol()) state.key = true;
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^- /)) return 'operator';
    if (state.key && stream.match(/^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#:[\]{},&*!|>'"][^#:]*?)(?=:(\s|$))/)) {
      state.key = false;
      return 'propertyName';
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^']|'')*'?/)) return 'string';
    if (stream.match(/^-?[0-9][0-9._]*(?=[\s,\]}]|$)/) || stream.match(/^(true|false|null)(?=[\s,\]}]|$)/))
      return 'number';
    if (stream.match(/^[{,]/)) {
      state.key = true;
      return 'punctuation';
    }
    if (stream.match(/^[:}[\]|>]/)) return 'punctuation';
    if (stream.match(/^[^\s#:,[\]{}]+/)) return null;
    stream.next();
    return null;
  },
};
