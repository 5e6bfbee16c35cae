/** Keys of the whole window. A key that a field or a menu could want is left to it. */
import { useEffect } from 'react';

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)));

const dialogOpen = (): boolean => document.querySelector('[role="dialog"], [role="menu"]') !== null;

/** Calls the handler for plain keys outside of fields and dialogs. It says whether it took the key. */
export const useKeys = (handler: (key: string, event: KeyboardEvent) => boolean): void => {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || dialogOpen()) return;
      if (handler(event.key, event)) event.preventDefault();
    };
    // While it comes down: a dialog that closes on Escape is then still there, and keeps the key for itself.
    window.addEventListener('keydown', listen, true);
    return () => window.removeEventListener('keydown', listen, true);
  }, [handler]);
};

/** Calls the handler on Ctrl+key, wherever the focus is. */
export const useControlKey = (key: string, handler: () => void): void => {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== key.toLowerCase()) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [key, handler]);
};
