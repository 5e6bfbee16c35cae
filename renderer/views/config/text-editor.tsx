/** A text (a configuration, a draft): highlighted, marked where it is wrong, and beside what was there before when that is asked for. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';

/** Where a text is wrong, or may be: characters from the beginning. */
export type TextMark = { from: number; to: number; severity: 'error' | 'warning'; text: string };

/** Words of xl.cfg as the eye wants them told apart; the reader in core is what decides. */
export const xlLanguage: StreamParser<{ key: boolean }> = {
  name: 'xl.cfg',
  startState: () => ({ key: true }),
  token: (stream, state) => {
    if (stream.sol()) state.key = true;
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^"(?:[^"\\\n]|\\.)*"?/) || stream.match(/^'(?:[^'\\\n]|\\.)*'?/)) return 'string';
    if (stream.match(/^;/)) {
      state.key = true;
      return 'punctuation';
    }
    if (state.key && stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)) {
      state.key = false;
      return 'propertyName';
    }
    if (stream.match(/^(0[xX][0-9A-Fa-f]+|[0-9]+)/)) return 'number';
    if (stream.match(/^(\+=|=)/)) return 'operator';
    if (stream.match(/^[[\],]/)) return 'squareBracket';
    stream.next();
    return null;
  },
};

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--vb-subtle)', fontStyle: 'italic' },
  { tag: tags.propertyName, color: 'var(--vb-link)' },
  { tag: tags.string, color: 'var(--vb-string)' },
  { tag: tags.number, color: 'var(--vb-number)' },
]);

// CodeMirror's own colours are of its light theme, whatever the window's is.
const frame = EditorView.theme({
  '&': { height: '100%', fontSize: '0.75rem', backgroundColor: 'var(--vb-code)', color: 'var(--vb-text)' },
  '.cm-scroller': { fontFamily: 'var(--vb-mono)', lineHeight: '1.5' },
  '.cm-gutters': { backgroundColor: 'var(--vb-code)', color: 'var(--vb-subtle)', border: 'none' },
  '.cm-content': { caretColor: 'var(--vb-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--vb-text)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused': { outline: '2px solid var(--vb-brand)', outlineOffset: '-2px' },
  '.cm-tooltip': {
    backgroundColor: 'var(--vb-surface)',
    color: 'var(--vb-text)',
    border: '1px solid var(--vb-line)',
    maxWidth: '460px',
  },
  '.cm-selectionBackground': { backgroundColor: 'var(--vb-selected) !important' },
  '.cm-panels': { backgroundColor: 'var(--vb-surface) !important', color: 'var(--vb-text) !important' },
  '.cm-panels-bottom': { borderTop: '1px solid var(--vb-line) !important' },
  '.cm-textfield, .cm-button': {
    background: 'var(--vb-code) !important',
    color: 'var(--vb-text)',
    border: '1px solid var(--vb-edge) !important',
    borderRadius: '4px',
  },
  '.cm-collapsedLines': { background: 'var(--vb-track) !important', color: 'var(--vb-text) !important' },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"…" !important' },
  '.cm-insertedLine, .cm-changedLine': { backgroundColor: 'var(--vb-added) !important' },
  '.cm-deletedChunk': { backgroundColor: 'var(--vb-blocks) !important' },
});

const beside = (original: string | null) =>
  original === null
    ? []
    : unifiedMergeView({ original, mergeControls: false, gutter: false, collapseUnchanged: { margin: 3 } });

export const TextEditor = <State,>({
  text,
  original,
  label,
  language,
  marksOf,
  onChange,
}: {
  text: string;
  /** for the eye alone; what reads the text is what decides */
  language: StreamParser<State>;
  marksOf: (text: string) => readonly TextMark[];
  /** the text to show the changes against; null: only the text */
  original: string | null;
  label: string;
  onChange: (text: string) => void;
}) => {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(null);
  const changed = useRef(onChange);
  changed.current = onChange;
  const merge = useRef(new Compartment());
  const first = useRef({ text, label, original, language, marksOf });

  useEffect(() => {
    if (!place.current) return undefined;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current.text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          StreamLanguage.define(first.current.language),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          lintGutter(),
          linter(
            (each) =>
              first.current
                .marksOf(each.state.doc.toString())
                .map(({ text: message, ...mark }) => ({ ...mark, message })),
            { delay: 200 },
          ),
          // Tab leaves the editor, as everywhere else in the window
          keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
          // whoever has no mouse scrolls it from within; a tabindex is how that is told
          EditorView.contentAttributes.of({ 'aria-label': first.current.label, tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          frame,
          merge.current.of(beside(first.current.original)),
        ],
      }),
    });
    editor.current = view;
    return () => view.destroy();
  }, []);

  // What the form wrote: only the part that differs is replaced, so that cursor and history stay.
  useEffect(() => {
    const view = editor.current;
    const present = view?.state.doc.toString();
    if (!view || present === undefined || present === text) return;
    let start = 0;
    while (start < present.length && start < text.length && present[start] === text[start]) start += 1;
    let end = 0;
    while (
      end < present.length - start &&
      end < text.length - start &&
      present.at(-1 - end) === text.at(-1 - end)
    )
      end += 1;
    view.dispatch({
      changes: { from: start, to: present.length - end, insert: text.slice(start, text.length - end) },
    });
  }, [text]);

  useEffect(() => {
    editor.current?.dispatch({ effects: merge.current.reconfigure(beside(original)) });
  }, [original]);

  return <div ref={place} className="vb-editor" />;
};
