/** Whose command manages the domains of a node. */
export type Toolstack = 'xl' | 'xm';
