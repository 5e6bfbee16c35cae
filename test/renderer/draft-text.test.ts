import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draftMarks, problemsOf } from '../../renderer/model/draft-text.ts';

const good = `# what the team agreed on
apiVersion: vbdesk/v1
kind: Draft
cluster: hera
changes:
  - do: startup
    instance: web1
`;

describe('the marks of a draft', () => {
  it('are none where it reads well', () => {
    expect(draftMarks(good)).toEqual([]);
  });

  it('stand on the word that is wrong, with its line and column', () => {
    const text = good.replace('do: startup', 'do: strtup');
    const [mark] = draftMarks(text);
    expect(text.slice(mark?.from, mark?.to)).toBe('strtup');
    expect(mark?.text).toMatch(/^Line 6, column 9: /);
  });

  it('lie within the text, whatever it is', () => {
    const piece = fc.constantFrom(
      'a: ',
      '- ',
      '{',
      '[',
      '&x ',
      '*x',
      '\n',
      '  ',
      '"',
      ': ',
      '#',
      '\t',
      'do: startup\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        expect(problemsOf(text).length).toBe(draftMarks(text).length);
        for (const { from, to } of draftMarks(text)) {
          expect(from).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThanOrEqual(text.length);
          expect(from).toBeLessThanOrEqual(to);
        }
      }),
    );
  });
});
