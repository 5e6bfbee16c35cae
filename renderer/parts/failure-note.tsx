/** What went wrong, where it went wrong. It stays until the next try or until it is closed. */
import { Button } from '@patternfly/react-core';
import type { Failure } from '../../core/contract.ts';
import { VerdictSign } from './signs.tsx';

export const FailureNote = ({
  failure,
  onClose,
  what,
}: {
  failure: Failure | null;
  onClose?: () => void;
  /** what was tried: "Starting the practice cluster failed." */
  what?: string;
}) =>
  failure && (
    <div className="vb-note vb-note-danger" role="alert">
      <VerdictSign verdict="not" />
      <div className="vb-grow">
        {what && <strong>{what} </strong>}
        {failure.node && <strong>{failure.node}: </strong>}
        <span className="vb-prewrap">{failure.message}</span>
        {failure.details && (
          <details>
            <summary>Details</summary>
            <pre className="vb-code">{failure.details}</pre>
          </details>
        )}
      </div>
      {onClose && (
        <Button variant="link" isInline onClick={onClose}>
          Close
        </Button>
      )}
    </div>
  );
