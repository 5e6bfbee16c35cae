import { useEffect } from 'react';
import type { Settings } from '../../core/contract.ts';

/** Puts PatternFly's dark class on html, as chosen or as the system has it. */
export const useTheme = (theme: Settings['theme']): void => {
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const apply = () => {
      const isDark = theme === 'dark' || (theme === 'system' && dark.matches);
      document.documentElement.classList.toggle('pf-v6-theme-dark', isDark);
    };
    apply();
    dark.addEventListener('change', apply);
    return () => dark.removeEventListener('change', apply);
  }, [theme]);
};
