using Portal.Core.Runtimes.Diagnosis;

namespace Portal.Core.Tests.Runtimes.Diagnosis;

public sealed class BuildDiagnosisTests
{
    [Theory]
    [InlineData("npm error code E404\nnpm error 404\nnpm error 404  The requested resource 'left-padd@1.0.0' could not be found or you do not have permission to access it.\nnpm error 404\nnpm error 404 Note that you can also install from a\nnpm error 404 tarball, folder, http url, or git url.", "the package left-padd was not found")]
    [InlineData("npm ERR! 404  '@acme/private@^2.0.0' is not in this registry.", "the package @acme/private was not found")]
    [InlineData("npm error code ETARGET\nnpm error notarget No matching version found for express@99.0.0.", "the package express@99.0.0 does not exist in this version")]
    [InlineData("npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree", "its packages contradict each other")]
    [InlineData("npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync.", "the lock file does not match the list of packages")]
    [InlineData("npm error The `npm ci` command can only install with an existing package-lock.json or", "the lock file does not match the list of packages")]
    [InlineData(" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\" because pnpm-lock.yaml is not up to date with package.json", "the lock file does not match the list of packages")]
    [InlineData("npm error Missing script: \"build\"\nnpm error\nnpm error To see a list of scripts, run:", "package.json has no script “build”")]
    [InlineData("WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/flask/\nERROR: Could not find a version that satisfies the requirement flask (from versions: none)\nERROR: No matching distribution found for flask", "the package flask could not be fetched: PyPI could not be reached")]
    [InlineData("go: errors parsing go.mod:\n/app/go.mod:2: invalid go version '1.25.0': must match format 1.23", "it needs Go 1.25.0, and this machine has an older one")]
    [InlineData("go: github.com/gin-gonic/gin@v1.9.0: Get \"https://proxy.golang.org/x\": dial tcp: lookup proxy.golang.org on 10.0.0.1:53: no such host", "proxy.golang.org could not be reached")]
    [InlineData("Exception in thread \"main\" java.net.UnknownHostException: services.gradle.org\n\tat java.base/x", "services.gradle.org could not be reached")]
    [InlineData("Wrangler requires at least Node.js v22.0.0. You are using v20.20.2. Please update your version of Node.js.\nnpm error code 1", "it needs another version of Node.js than it was given")]
    [InlineData("wget: Failed to fetch https://repo.maven.apache.org/maven2/org/apache/maven/apache-maven/3.9.11/apache-maven-3.9.11-bin.zip", "repo.maven.apache.org could not be reached")]
    [InlineData("ssh: Could not resolve hostname github.com: Name or service not known", "github.com could not be reached")]
    [InlineData("error: JSR package manifest for '@std/http' failed to load. Import 'https://jsr.io/@std/http/meta.json' failed.\n    at file:///app/main.ts:1:27", "jsr.io could not be reached")]
    [InlineData("Could not fetch specs from https://rubygems.org/ due to underlying error <SocketError>", "rubygems.org could not be reached")]
    [InlineData("[ERROR] Could not transfer artifact org.springframework.boot:spring-boot-starter-parent:pom:3.2.0 from/to central (https://repo.maven.apache.org/maven2): Unknown host", "the package org.springframework.boot:spring-boot-starter-parent could not be fetched")]
    [InlineData("ERROR: Could not find a version that satisfies the requirement flaskk==9.9 (from versions: none)\nERROR: No matching distribution found for flaskk==9.9", "the package flaskk==9.9 was not found")]
    [InlineData("/app/shop.csproj : error NU1101: Unable to find package This.Does.Not.Exist. No packages exist with this id in source(s): nuget.org", "the package This.Does.Not.Exist was not found")]
    [InlineData("/app/Program.cs(1,9): error CS0029: Cannot implicitly convert type 'string' to 'int' [/app/net.csproj]\n    0 Warning(s)\n    1 Error(s)", "the code has an error: /app/Program.cs(1,9)")]
    [InlineData("src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.", "the code has an error: src/index.ts(3,7)")]
    [InlineData("[ERROR] /app/src/main/java/App.java:[5,9] cannot find symbol", "the code has an error: /app/src/main/java/App.java:[5,9]")]
    [InlineData("# example.com/shop\n./main.go:7:2: undefined: foo", "the code has an error: main.go:7:2")]
    [InlineData("error[E0425]: cannot find value `x` in this scope\n --> src/main.rs:2:5", "the code has an error: src/main.rs:2:5")]
    [InlineData("main.go:4:2: no required module provides package github.com/gin-gonic/gin; to add it:", "the package github.com/gin-gonic/gin was not found")]
    [InlineData("[ERROR] Failed to execute goal on project shop: Could not resolve dependencies for project com.acme:shop:jar:1.0", "dependencies of com.acme:shop could not be found")]
    [InlineData("Module not found: Error: Can't resolve './Header' in '/app/src'", "./Header is imported but not there")]
    [InlineData("FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory", "it ran out of memory")]
    [InlineData("npm error code ENOSPC\nnpm error syscall write", "no disk space is left")]
    [InlineData("head: error writing 'standard output': No space left on device", "no disk space is left")]
    [InlineData("cp: error writing 'x': Disk quota exceeded", "no disk space is left")]
    [InlineData("error NETSDK1045: The current .NET SDK does not support targeting .NET 11.0.", "the .NET SDK for .NET 11.0 is not installed here")]
    [InlineData("error: invalid target release: 21", "the JDK for Java 21 is not installed here")]
    [InlineData("Error: pg_config executable not found.", "a package needs PostgreSQL's headers to be compiled")]
    [InlineData("sh: 1: tsc: not found", "the command tsc was not found")]
    [InlineData("npm error code EBADENGINE\nnpm error engine Unsupported engine\nnpm error engine Not compatible with your version of node/npm: hello@1.0.0", "it needs another version of Node.js than it was given")]
    [InlineData(" ERR_PNPM_UNSUPPORTED_ENGINE  Unsupported environment (bad pnpm and/or Node.js version)", "it needs another version of Node.js than it was given")]
    [InlineData("Node.js version v20.20.2 detected.\nThe Angular CLI requires a minimum Node.js version of v22.22.3 or v24.15.0 or v26.0.0.\n\nPlease update your Node.js version or visit https://nodejs.org/ for additional instructions.", "it needs another version of Node.js than it was given")]
    [InlineData("npm warn EBADENGINE Unsupported engine {\nnpm warn EBADENGINE   package: 'vite@8.0.0',\nnpm warn EBADENGINE }\nsh: 1: prepare-it: not found", "the command prepare-it was not found")]
    [InlineData("❌ Invalid environment variables: [\n  {\n    code: 'invalid_type',\n    path: [ 'DATABASE_URL' ],\n    message: 'Required'\n  }\n]\nError: Invalid environment variables", "the variable DATABASE_URL is missing or not as the code wants it")]
    [InlineData("Error code: P1012\nerror: Environment variable not found: DATABASE_URL.\n  -->  prisma/schema.prisma:6", "the variable DATABASE_URL is missing or not as the code wants it")]
    [InlineData("Error: STRIPE_KEY is not set\nError: Command \"npm run build\" exited with 1", "the variable STRIPE_KEY is missing or not as the code wants it")]
    [InlineData("npm error network request to a package source failed, reason: getaddrinfo ENOTFOUND", "a package source could not be reached")]
    public void What_the_last_lines_tell_is_the_cause(string output, string cause)
    {
        var status = BuildDiagnosis.OfStep("Install", "npm ci", 1, output.Split('\n'));

        Assert.Equal($"Install failed: {cause}", status.Title);
        Assert.Contains("“npm ci” ended with code 1.", status.Detail, StringComparison.Ordinal);
        Assert.NotEqual("", status.Next);
        Assert.NotEmpty(status.Evidence);
    }

    [Fact]
    public void An_unknown_failure_shows_its_last_line() =>
        Assert.Equal("Build failed: “make” ended with code 2; the last line was “make: *** [all] Error 1”", BuildDiagnosis.OfStep("Build", "make", 2, ["cc x.c", "make: *** [all] Error 1", ""]).Title);

    [Fact]
    public void A_command_that_is_not_there_is_named() =>
        Assert.Equal("Build failed: the command gradle was not found", BuildDiagnosis.OfStep("Build", "gradle build", 127, []).Title);

    [Fact]
    public void A_build_over_its_time_says_the_limit() =>
        Assert.Equal("Build took longer than the limit of 30 minutes", BuildDiagnosis.TimedOut("Build", TimeSpan.FromMinutes(30), ["waiting…"]).Title);
}
