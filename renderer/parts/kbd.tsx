export const Kbd = ({ children }: { children: string }) => <kbd className="vb-kbd">{children}</kbd>;
