/** Receives one line of progress. */
export type Progress = (line: string) => void;

/** Progress lines on standard error, each with the seconds since this call. */
export function progressToStandardError(): Progress {
  const start = performance.now();
  return (line) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`[${seconds} s] ${line}\n`);
  };
}
