/** A program that can be started, and its origin. */
export interface Program {
  readonly command: string
  /** Arguments that precede those of each start. */
  readonly args: readonly string[]
  /** Variables added to this process's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  /** Human-readable origin, such as "on the PATH" or "Debian's packages in …". */
  readonly source: string
  /** Docker image that contains the program. Without it, the program runs on this machine. */
  readonly image?: string
}

/** One start of a program. */
export interface Launch {
  readonly program: Pick<Program, 'command' | 'args' | 'image'>
  readonly args: readonly string[]
  /** Working directory. A container can access only this folder of the machine. */
  readonly folder: string
  /** Name of the container, if the program has an image. */
  readonly container: string
}

/** Returns the command to execute. A program with an image runs in Docker as the current user, on the host's network. */
export function commandLine({ program, args, folder, container }: Launch): readonly [string, ...string[]] {
  const { command, image } = program
  if (image === undefined) return [command, ...program.args, ...args]
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const mount = ['--volume', `${folder}:${folder}`, '--workdir', folder]
  const containerOptions = ['--name', container, '--network', 'host', '--user', user, ...mount]
  return ['docker', 'run', '--rm', ...containerOptions, '--entrypoint', command, image, ...program.args, ...args]
}
