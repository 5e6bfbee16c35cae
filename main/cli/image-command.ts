import type { Command } from 'commander';

/** `vbdesk image`, made where nobody made it yet. */
export const imageCommand = (program: Command): Command =>
  program.commands.find((each) => each.name() === 'image') ??
  program.command('image').description("image files: an instance's disks, and what else lies in the storage");
