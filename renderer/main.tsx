import './desk/zod-setup.ts';
import '@patternfly/react-core/dist/styles/base.css';
import './styles/tokens.css';
import './styles/parts.css';
import './styles/shell.css';
import './styles/plan.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { openLine } from './desk/client.ts';
import { DeskProvider } from './desk/desk-context.tsx';
import { createStore } from './desk/store.ts';
import { NavigatorProvider } from './navigation/navigator.tsx';

const root = document.getElementById('root');
if (root) {
  const line = openLine();
  createRoot(root).render(
    <DeskProvider value={{ line, store: createStore(line) }}>
      <NavigatorProvider>
        <App />
      </NavigatorProvider>
    </DeskProvider>,
  );
}
