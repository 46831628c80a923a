namespace Portal.Core.Git.LargeFiles;

/// <summary>The large files of one commit as far as they could be had.</summary>
/// <param name="Problems">By oid: why one is not there, as a sentence.</param>
internal sealed record LargeFileSet(LargeFileFolder Folder, IReadOnlyDictionary<string, string> Problems);

/// <summary>Makes large files available on this machine; what cannot be had is a problem of the set, not an exception.</summary>
internal delegate Task<LargeFileSet> LargeFileFetch(IReadOnlyCollection<LargeFilePointer> wanted, CancellationToken cancellationToken);
