/** The address of the window, for all parts; and the focus that goes to a view's heading when it opens. */
import {
  createContext,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useContext,
  useSyncExternalStore,
} from 'react';
import { formatRoute, parseRoute, type Route } from './route.ts';

type Navigator = { route: Route; go: (route: Route) => void };

const NavigatorContext = createContext<Navigator | null>(null);

const subscribe = (listener: () => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

export const NavigatorProvider = ({ children }: { children: ReactNode }) => {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  const go = useCallback((route: Route) => {
    window.location.hash = formatRoute(route);
  }, []);
  return (
    <NavigatorContext.Provider value={{ route: parseRoute(hash), go }}>{children}</NavigatorContext.Provider>
  );
};

export const useNavigator = (): Navigator => {
  const value = useContext(NavigatorContext);
  if (!value) throw new Error('This part stands outside of the NavigatorProvider.');
  return value;
};

/** A link inside the window. */
export const RouteLink = ({
  to,
  children,
  className,
  onClick,
}: {
  to: Route;
  children: ReactNode;
  className?: string;
  onClick?: (event: MouseEvent) => void;
}) => (
  <a href={formatRoute(to)} {...(className ? { className } : {})} {...(onClick ? { onClick } : {})}>
    {children}
  </a>
);
