/** The packages, lowest first. A package imports only from rows above its own; what shares a row stays apart. */
export const packageLayers: readonly (readonly string[])[] = [
  ['packages/core'],
  ['packages/redis', 'packages/nats', 'packages/kafka'],
  ['packages/config'],
  ['packages/conformance'],
  ['tools/brokers'],
  ['tools/*'],
  ['apps/feed'],
  ['apps/*'],
  ['examples/*'],
]

/**
 * The folders within a package's `src`, lowest first. A file imports from its own folder and from those before it;
 * files directly in `src` stand above all folders. Tests are free to use what they need.
 */
export const folderLayers: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [
    'model',
    'patch',
    'versioning',
    'merge',
    'buffer',
    'transport',
    'replica',
    'collection',
    'service',
    'recording',
    'memory',
    'testing',
  ],
  'packages/conformance': ['judge', 'harness', 'stage', 'rules', 'run', 'mutants'],
}
