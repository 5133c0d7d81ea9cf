/** A program that can be started, and where it came from. */
export interface Program {
  readonly command: string
  /** What comes before the arguments of each start. */
  readonly args: readonly string[]
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  /** For people: "on the PATH", "Debian's packages in …". */
  readonly source: string
  /** The Docker image that has it. @default the machine has it */
  readonly image?: string
}

/** One start of a program. */
export interface Launch {
  readonly program: Pick<Program, 'command' | 'args' | 'image'>
  readonly args: readonly string[]
  /** Where it works; of the machine's files, a container sees only these. */
  readonly folder: string
  /** What its container is called, if it is in one. */
  readonly container: string
}

/** What to execute: the program, or Docker with it, as this user and on the machine's network. */
export function commandLine({ program, args, folder, container }: Launch): readonly [string, ...string[]] {
  const { command, image } = program
  if (image === undefined) return [command, ...program.args, ...args]
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const mount = ['--volume', `${folder}:${folder}`, '--workdir', folder]
  const containerOptions = ['--name', container, '--network', 'host', '--user', user, ...mount]
  return ['docker', 'run', '--rm', ...containerOptions, '--entrypoint', command, image, ...program.args, ...args]
}
