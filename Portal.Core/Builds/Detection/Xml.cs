using System.Xml;
using System.Xml.Linq;

namespace Portal.Core.Builds.Detection;

/// <summary>Reads XML that may be anything: no document types, no entities, bounded depth, namespaces ignored.</summary>
internal static class Xml
{
    private const int MaxDepth = 64;

    public static XElement? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            // XElement.Value walks recursively, so depth is looked at before a tree is made.
            using (var reader = Reader(text))
            {
                while (reader.Read())
                {
                    if (reader.Depth > MaxDepth)
                    {
                        return null;
                    }
                }
            }

            using var again = Reader(text);
            return XDocument.Load(again).Root;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static XmlReader Reader(string text) => XmlReader.Create(
        new StringReader(text.TrimStart('\uFEFF', ' ', '\r', '\n', '\t')),
        new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null, IgnoreComments = true });

    public static XElement? Child(this XElement? element, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            element = element?.Elements().FirstOrDefault(e => e.Name.LocalName == name);
        }

        return element;
    }

    public static IEnumerable<XElement> Children(this XElement? element, string name) =>
        element?.Elements().Where(e => e.Name.LocalName == name) ?? [];

    /// <summary>The last non-empty value of an element of that name anywhere below.</summary>
    public static string? Last(this XElement element, string name) =>
        element.Descendants().LastOrDefault(e => e.Name.LocalName == name && !string.IsNullOrWhiteSpace(e.Value))?.Value.Trim();
}
