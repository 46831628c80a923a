using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Portal.Web.Api.Plumbing;

/// <summary>The OpenAPI document: what it is, how to sign in, and the words that each enum may have.</summary>
internal static class ApiDescription
{
    public const string Document = "v1";

    private static readonly string[] Order =
        ["Apps", "Environments", "Builds", "Releases", "Variables", "Add-ons", "Logs", "Pushes", "Teams", "Tokens", "People", "Audit"];

    public static IServiceCollection AddApiDescription(this IServiceCollection services) =>
        services.AddOpenApi(Document, options =>
        {
            options.AddDocumentTransformer(DescribeAsync);
            options.AddSchemaTransformer(NameWordsAsync);
            options.AddOperationTransformer(NameKeyAsync);
        });

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Portal",
            Version = "1",
            Description = """
                Push code, see it live, and everything around it. Send an API token (Me → API tokens) as `Authorization: Bearer …`.

                - Errors are problem details (RFC 9457) with `type`, `title`, `status`, `detail` and, where a field is wrong, `errors`.
                - A list is `{"items":[…],"next":null|"cursor"}`; send `next` as `after` for the following page.
                - What people edit carries an `ETag`; send it as `If-Match` and a change made in between is refused with 412.
                - A POST with an `Idempotency-Key` can be sent again within 24 hours: it acts once and answers the same.
                - Times are RFC 3339 in UTC.
                """,
        };
        document.Servers = [];
        // In the order in which a newcomer meets them; what is not named here comes last.
        document.Tags = (document.Tags ?? new HashSet<OpenApiTag>()).OrderBy(t => Array.IndexOf(Order, t.Name) is var at and >= 0 ? at : Order.Length).ToHashSet();
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API token.",
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
        return Task.CompletedTask;
    }

    private static Task NameWordsAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. Enum.GetNames(type).Select(name => (JsonNode)System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(name))];
        }
        else if (type == typeof(DateTimeOffset))
        {
            schema.Type = JsonSchemaType.String;
            schema.Format = "date-time";
        }
        return Task.CompletedTask;
    }

    private static Task NameKeyAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.HttpMethod == HttpMethods.Post)
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Description = "Makes sending this again harmless for 24 hours.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = ApiLimits.IdempotencyKeyLength },
            });
        }
        return Task.CompletedTask;
    }
}
