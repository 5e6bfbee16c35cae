/** Keys of the whole window. A key that a field or a menu could want is left to it. */
import { useEffect, useRef } from 'react';

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)));

const dialogOpen = (): boolean => document.querySelector('[role="dialog"], [role="menu"]') !== null;

type KeyHandler = (key: string) => boolean;

/** Handlers of views, the newest last, and those of the window itself, which come after them. */
const viewHandlers: { current: KeyHandler }[] = [];
const windowHandlers: { current: KeyHandler }[] = [];

const listen = (event: KeyboardEvent) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || dialogOpen()) return;
  const inOrder = [...viewHandlers.toReversed(), ...windowHandlers];
  if (inOrder.some((handler) => handler.current(event.key))) event.preventDefault();
};

/**
 * Calls the handler for plain keys outside of fields and dialogs, until one of them says that it took the key.
 * @param level a view's handler is asked before the window's
 */
export const useKeys = (handler: KeyHandler, level: 'view' | 'window' = 'view'): void => {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  }, [handler]);
  useEffect(() => {
    const list = level === 'view' ? viewHandlers : windowHandlers;
    // While the key comes down: a dialog that closes on Escape is then still there, and keeps the key for itself.
    if (viewHandlers.length + windowHandlers.length === 0) window.addEventListener('keydown', listen, true);
    list.push(latest);
    return () => {
      list.splice(list.indexOf(latest), 1);
      if (viewHandlers.length + windowHandlers.length === 0)
        window.removeEventListener('keydown', listen, true);
    };
  }, [level]);
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
