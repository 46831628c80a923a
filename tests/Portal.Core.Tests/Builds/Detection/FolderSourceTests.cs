using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

public sealed class FolderSourceTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("portal-source-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Links_are_neither_listed_nor_read()
    {
        File.WriteAllText(Path.Combine(root, "app.py"), "print()");
        File.CreateSymbolicLink(Path.Combine(root, "package.json"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(root, "requirements.txt"), "app.py");
        Directory.CreateSymbolicLink(Path.Combine(root, "etc"), "/etc");

        var source = new FolderSource(root);

        Assert.Equal(["app.py"], source.Paths);
        Assert.Null(source.Read("package.json"));
        Assert.Null(source.Read("etc/passwd"));
    }

    [Fact]
    public void A_file_that_becomes_a_link_after_listing_is_not_read()
    {
        var file = Path.Combine(root, "app.py");
        File.WriteAllText(file, "print()");
        var source = new FolderSource(root);
        File.Delete(file);
        File.CreateSymbolicLink(file, "/etc/passwd");

        Assert.Null(source.Read("app.py"));
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../app.py")]
    [InlineData("")]
    public void Only_listed_paths_are_read(string path)
    {
        File.WriteAllText(Path.Combine(root, "app.py"), "print()");
        Assert.Null(new FolderSource(root).Read(path));
    }

    [Fact]
    public void Odd_names_are_listed_and_read()
    {
        string[] names = ["a b.txt", "new\nline.txt", "quote'\".txt", "ü.txt", "$HOME", "-rf"];
        foreach (var name in names)
        {
            File.WriteAllText(Path.Combine(root, name), name);
        }

        var source = new FolderSource(root);

        Assert.Equal(names.Order(StringComparer.Ordinal), source.Paths);
        Assert.All(names, n => Assert.Equal(n, source.Read(n)));
    }

    [Fact]
    public void Packages_and_git_are_left_out()
    {
        foreach (var folder in (string[])[".git", "node_modules/x", "src"])
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
            File.WriteAllText(Path.Combine(root, folder, "index.js"), "");
        }

        Assert.Equal(["src/index.js"], new FolderSource(root).Paths);
    }

    [Fact]
    public void Reading_stops_at_the_limit()
    {
        File.WriteAllText(Path.Combine(root, "big.txt"), new string('x', SourceLimits.FileBytes + 10));
        Assert.Equal(SourceLimits.FileBytes, new FolderSource(root).Read("big.txt")!.Length);
        Assert.Equal(100, new FolderSource(root).Read("big.txt", 100)!.Length);
    }

    [Fact]
    public void Text_with_a_byte_order_mark_is_decoded()
    {
        File.WriteAllText(Path.Combine(root, "a.csproj"), "<Project/>", new System.Text.UnicodeEncoding());
        File.WriteAllText(Path.Combine(root, "package.json"), "{}", new System.Text.UTF8Encoding(true));
        Assert.Equal("<Project/>", new FolderSource(root).Read("a.csproj"));
        Assert.Equal("{}", new FolderSource(root).Read("package.json"));
    }

    [Fact]
    public void A_missing_folder_is_an_empty_source() => Assert.Empty(new FolderSource(Path.Combine(root, "nope")).Paths);
}
