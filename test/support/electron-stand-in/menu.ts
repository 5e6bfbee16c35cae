import { record } from './recorded.ts';
import { strict, strictClass } from './strict.ts';

interface ItemOptions {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly type?: string;
  readonly accelerator?: string;
  readonly enabled?: boolean;
  readonly visible?: boolean;
  readonly checked?: boolean;
  readonly submenu?: readonly ItemOptions[] | PlainMenu;
  readonly click?: (item: PlainMenuItem, window: undefined, event: object) => void;
}

class PlainMenuItem {
  readonly id: string;
  readonly role: string | undefined;
  readonly type: string;
  readonly accelerator: string | undefined;
  label: string;
  enabled: boolean;
  visible: boolean;
  checked: boolean;
  readonly submenu: PlainMenu | undefined;
  readonly click: () => void;

  constructor(options: ItemOptions) {
    this.id = options.id ?? '';
    this.role = options.role;
    this.type = options.type ?? (options.submenu ? 'submenu' : 'normal');
    this.accelerator = options.accelerator;
    this.label = options.label ?? options.role ?? '';
    this.enabled = options.enabled ?? true;
    this.visible = options.visible ?? true;
    this.checked = options.checked ?? false;
    this.submenu =
      options.submenu instanceof PlainMenu ? options.submenu : options.submenu && buildMenu(options.submenu);
    this.click = () => options.click?.(this, undefined, {});
  }
}

class PlainMenu {
  readonly items: PlainMenuItem[] = [];
  private static current: PlainMenu | null = null;

  static buildFromTemplate(template: readonly ItemOptions[]): PlainMenu {
    return buildMenu(template);
  }

  static setApplicationMenu(menu: PlainMenu | null): void {
    PlainMenu.current = menu;
  }

  static getApplicationMenu(): PlainMenu | null {
    return PlainMenu.current;
  }

  append(item: PlainMenuItem): void {
    this.items.push(item);
  }

  /** Searches the submenus too, like Electron's. */
  getMenuItemById(id: string): PlainMenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }

  popup(): void {
    record(
      'menu.popup',
      this.items.map((item) => item.label),
    );
  }
}

function buildMenu(template: readonly ItemOptions[]): PlainMenu {
  const menu = strict('Menu', new PlainMenu());
  for (const options of template) menu.append(strict('MenuItem', new PlainMenuItem(options)));
  return menu;
}

export const MenuItem = strictClass('MenuItem', PlainMenuItem);
export const Menu = strictClass('Menu', PlainMenu);
