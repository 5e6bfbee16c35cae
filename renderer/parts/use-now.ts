import { useEffect, useState } from 'react';

/** The workstation's clock, drawn anew every `every` ms. */
export const useNow = (every = 1000): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
};
