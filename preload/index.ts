/** The bridge: two functions, and nothing of Electron, reach the page. What they carry is checked on the main side. */
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('vbdesk', {
  call: (name: unknown, input: unknown) => ipcRenderer.invoke('vbdesk', name, input),
  onEvent: (listener: (value: unknown) => void) => {
    const receive = (_event: unknown, value: unknown) => listener(value);
    ipcRenderer.on('vbdesk-event', receive);
    return () => {
      ipcRenderer.off('vbdesk-event', receive);
    };
  },
});
